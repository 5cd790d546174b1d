//! The small parts that pages are put together from. They know words and looks, never a service.

pub mod ask;
pub mod audit;
pub mod avatar;
pub mod card;
pub mod chart;
pub mod code;
pub mod field;
pub mod frame;
pub mod gate;
pub mod head;
pub mod icon;
pub mod load;
pub mod notice;
pub mod passkey;
pub mod query;
pub mod switches;
pub mod table;
pub mod tabs;
pub mod ways;
