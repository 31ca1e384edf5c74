//! Checks of recorded exchanges against an API's OpenAPI description.
