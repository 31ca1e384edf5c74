//! The envelope of lists.

use serde::Deserialize;

/// What comes with a page.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Meta {
    pub(crate) pagination: Pagination,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Pagination {
    pub(crate) next_page: Option<u64>,
}

/// A list's answer: its items and where the next page is.
pub(crate) trait Paged {
    type Item;
    fn into_parts(self) -> (Vec<Self::Item>, Option<u64>);
    fn id(item: &Self::Item) -> u64;
}

macro_rules! paged {
    ($list:ident, $field:ident, $item:ty) => {
        #[derive(Debug, Clone, serde::Deserialize)]
        pub(crate) struct $list {
            pub(crate) $field: Vec<$item>,
            pub(crate) meta: crate::wire::Meta,
        }

        impl crate::wire::Paged for $list {
            type Item = $item;
            fn into_parts(self) -> (Vec<$item>, Option<u64>) {
                (self.$field, self.meta.pagination.next_page)
            }
            fn id(item: &$item) -> u64 {
                item.id
            }
        }
    };
}
pub(super) use paged;
