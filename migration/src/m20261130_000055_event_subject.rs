//! The kind of an event's subject is spelt as in the graph, and the history of one object is found by its id alone.

use crate::step::*;

/// The spellings before and now.
const KINDS: [(&str, &str); 18] = [
    ("User", "USER"),
    ("Team", "TEAM"),
    ("Company", "COMPANY"),
    ("Contact", "CONTACT"),
    ("Campaign", "CAMPAIGN"),
    ("CampaignMember", "CAMPAIGN_MEMBER"),
    ("Touchpoint", "TOUCHPOINT"),
    ("Lead", "LEAD"),
    ("Handoff", "HANDOFF"),
    ("Pipeline", "PIPELINE"),
    ("Stage", "STAGE"),
    ("Deal", "DEAL"),
    ("DealContact", "DEAL_CONTACT"),
    ("Activity", "ACTIVITY"),
    ("Transition", "TRANSITION"),
    ("ExchangeRate", "EXCHANGE_RATE"),
    ("Event", "EVENT"),
    ("AttributionCredit", "ATTRIBUTION_CREDIT"),
];

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX ix_event__subject_type__subject_id__seq").await?;
        db.execute_unprepared(&spelt(KINDS)).await?;
        db.execute_unprepared("CREATE INDEX ix_event__subject_id__seq ON event (subject_id, seq)").await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX ix_event__subject_id__seq").await?;
        db.execute_unprepared(&spelt(KINDS.map(|(before, now)| (now, before)))).await?;
        let sql = "CREATE INDEX ix_event__subject_type__subject_id__seq ON event (subject_type, subject_id, seq)";
        db.execute_unprepared(sql).await.map(|_| ())
    }
}

/// All events in one statement: whoever has many waits once.
fn spelt(kinds: [(&str, &str); 18]) -> String {
    let cases: Vec<_> = kinds.iter().map(|(before, now)| format!("WHEN '{before}' THEN '{now}'")).collect();
    format!("UPDATE event SET subject_type = CASE subject_type {} ELSE subject_type END", cases.join(" "))
}
