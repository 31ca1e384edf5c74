//! In the place of a guest: it says a banner on the serial port and echoes what it reads there. `q` powers it off, `s` makes it deaf
//! to its power button, as with the guest that other tests boot.

use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Guest(Arc<Inner>);

struct Inner {
    port: Mutex<Port>,
    mute: bool,
    stubborn: AtomicBool,
    power_off: Box<dyn Fn() + Send + Sync>,
}

/// The serial port: who is connected, and what was said before anybody was.
#[derive(Default)]
struct Port {
    client: Option<UnixStream>,
    kept: Vec<u8>,
}

impl Guest {
    /// Boots it, with its serial port on this socket. `power_off` is called when it powers off.
    pub fn boot(
        serial: Option<&Path>,
        mute: bool,
        stubborn: bool,
        power_off: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let (port, stubborn) = (Mutex::new(Port::default()), AtomicBool::new(stubborn));
        let inner = Arc::new(Inner { port, mute, stubborn, power_off: Box::new(power_off) });
        if let Some(path) = serial {
            let listener = UnixListener::bind(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let inner = Arc::clone(&inner);
            thread::spawn(move || inner.serve(&listener));
        }
        let guest = Self(inner);
        guest.reset();
        Ok(guest)
    }

    /// Begins anew.
    pub fn reset(&self) {
        self.0.say(b"cocoon test guest\r\n");
    }

    /// Presses its power button, and answers whether it powers off.
    pub fn press_power_button(&self) -> bool {
        !self.0.mute && !self.0.stubborn.load(Ordering::SeqCst)
    }
}

impl Inner {
    /// A second client takes the first one's place.
    fn serve(self: &Arc<Self>, listener: &UnixListener) {
        for stream in listener.incoming().flatten() {
            let Ok(reader) = stream.try_clone() else { continue };
            let mut port = self.port.lock().expect("no thread panics");
            let kept = std::mem::take(&mut port.kept);
            if let Some(previous) = port.client.replace(stream) {
                previous.shutdown(Shutdown::Both).ok();
            }
            drop(port);
            self.say(&kept);
            let inner = Arc::clone(self);
            thread::spawn(move || inner.listen(reader));
        }
    }

    fn listen(&self, reader: UnixStream) {
        for byte in BufReader::new(reader).bytes().map_while(Result::ok) {
            match byte {
                b'q' => return (self.power_off)(),
                b's' => self.stubborn.store(true, Ordering::SeqCst),
                _ => {}
            }
            self.say(&[byte]);
        }
    }

    fn say(&self, words: &[u8]) {
        if self.mute {
            return;
        }
        let mut port = self.port.lock().expect("no thread panics");
        let heard = port.client.as_mut().is_some_and(|client| client.write_all(words).is_ok());
        if !heard {
            port.client = None;
            port.kept.extend_from_slice(words);
        }
    }
}
