//! Recordings in the database.
#![expect(
    unreachable_pub,
    reason = "the entity's derive makes public items of it"
)]

pub(in crate::recording) mod recording {
    use sea_orm::entity::prelude::*;

    /// One recording.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recordings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// A contact that exists: the database sees to it.
        pub contact: Uuid,
        pub status: String,
        pub started: i64,
        pub ended: Option<i64>,
        pub duration_ms: i64,
        pub class: String,
        pub legal_hold: bool,
        pub expires: i64,
        /// Below the recordings' folder.
        pub path: String,
        pub bytes: i64,
        pub entries: i64,
        /// The chain's last value, in hexadecimal digits.
        pub head: String,
        /// Whether chain and signatures were whole when it was closed.
        pub sound: bool,
        pub peak_ms: i64,
        /// Peaks in hexadecimal digits.
        #[sea_orm(column_type = "Text")]
        pub customer_peaks: String,
        #[sea_orm(column_type = "Text")]
        pub agent_peaks: String,
        /// Markers as JSON.
        #[sea_orm(column_type = "Text")]
        pub markers: String,
        /// Tags, each between line ends.
        #[sea_orm(column_type = "Text")]
        pub tags: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
