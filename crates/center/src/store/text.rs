//! Values of the wire as text columns, under the same names as on the wire.

use sea_orm::DbErr;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The wire name of a unit variant, such as `in_progress`.
pub(crate) fn name_of<T: Serialize>(value: &T) -> Result<String, DbErr> {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => Ok(name),
        Ok(_) => Err(DbErr::Type("not a plain name".into())),
        Err(error) => Err(DbErr::Type(error.to_string())),
    }
}

/// The variant with that wire name.
pub(crate) fn from_name<T: DeserializeOwned>(name: &str) -> Result<T, DbErr> {
    serde_json::from_value(Value::String(name.to_owned()))
        .map_err(|error| DbErr::Type(error.to_string()))
}

/// A value as JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Type(error.to_string()))
}

/// A value from JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Type(error.to_string()))
}
