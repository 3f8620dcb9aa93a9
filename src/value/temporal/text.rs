//! How temporal values read and write themselves through serde: as canonical text in formats for
//! people (JSON), as numbers in binary ones (the store).

/// Names the newtype under which a temporal value is written, so that a serializer that knows it can
/// make the temporal value again instead of a string.
pub(crate) const NEWTYPE: &str = "redstring::";

macro_rules! serde_as_text {
    ($type:ident, $name:literal, $binary:ty, $to:expr, $from:expr) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    let name = concat!("redstring::", $name);
                    serializer.serialize_newtype_struct(name, &self.to_string())
                } else {
                    let to: fn(&$type) -> $binary = $to;
                    to(self).serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                use serde::de::Error;
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    let from: fn($binary) -> Option<$type> = $from;
                    from(<$binary>::deserialize(deserializer)?)
                        .ok_or_else(|| D::Error::custom(concat!("damaged ", $name)))
                }
            }
        }
    };
}

pub(crate) use serde_as_text;
