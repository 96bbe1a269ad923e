//! The tables' rows.

#![expect(
    unreachable_pub,
    reason = "the entity's derive makes public items of it"
)]

pub(super) mod contact {
    use sea_orm::entity::prelude::*;

    /// One contact.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contacts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub channel: String,
        pub direction: String,
        pub state: String,
        pub queue: Option<Uuid>,
        pub queue_name: Option<String>,
        pub called: Option<String>,
        pub number: Option<String>,
        pub customer: Option<Uuid>,
        pub customer_name: Option<String>,
        pub agent: Option<Uuid>,
        pub agent_name: Option<String>,
        pub created: i64,
        pub connected: Option<i64>,
        pub ended: Option<i64>,
        pub ended_by: Option<String>,
        pub end_reason: Option<String>,
        pub wrap_up_deadline: Option<i64>,
        pub disposition_required: bool,
        pub disposition: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod queue {
    use sea_orm::entity::prelude::*;

    /// One queue.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "queues")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub name: String,
        pub ring_ms: i64,
        pub wrap_up_ms: Option<i64>,
        pub disposition_required: bool,
        pub auto_answer: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::calls) mod call_policy {
    use sea_orm::entity::prelude::*;

    /// How calls reach one agent.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "call_policies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent: Uuid,
        pub auto_answer: bool,
        pub call_waiting: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod queue_number {
    use sea_orm::entity::prelude::*;

    /// A called number that leads to a queue.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "queue_numbers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: String,
        pub queue: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod queue_agent {
    use sea_orm::entity::prelude::*;

    /// An agent who serves a queue.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "queue_agents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub queue: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod contact_leg {
    use sea_orm::entity::prelude::*;

    /// One participation in a contact.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contact_legs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contact: Uuid,
        pub role: String,
        pub watch: Option<String>,
        pub agent: Option<Uuid>,
        pub name: Option<String>,
        pub number: Option<String>,
        pub began: i64,
        pub connected: Option<i64>,
        pub ended: i64,
        pub end_kind: String,
        #[sea_orm(column_type = "Text")]
        pub note: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod contact_notes {
    use sea_orm::entity::prelude::*;

    /// What an agent wrote about a contact that others went on with.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contact_notes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contact: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent: Uuid,
        pub agent_name: Option<String>,
        pub disposition: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub note: String,
        pub ended: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
