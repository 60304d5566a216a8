WITH row AS (
    INSERT INTO activity (
        id, created_at, updated_at, created_by, version, owner_id, team_id,
        kind, subject, direction, status, priority, ended_at, outcome, deal_id)
    VALUES (
        gen_random_uuid(), now(), now(), $2::uuid, 1, $2::uuid, $3::uuid,
        'CALL', $4, 'OUTBOUND', 'DONE', 'NORMAL', now(), 'REACHED', $1::uuid)
    RETURNING *
), number AS (
    UPDATE event_sequence SET value = value + 1 WHERE id = 1 RETURNING value
), logged AS (
    INSERT INTO event (seq, id, at, actor_id, action, subject_type, subject_id, changes)
    SELECT number.value, gen_random_uuid(), row.created_at, row.created_by, 'logActivity', 'Activity', row.id,
        jsonb_build_object(
            'owner', jsonb_build_array(NULL, 'user_' || encode(uuid_send(row.owner_id), 'hex')),
            'team', jsonb_build_array(NULL, 'team_' || encode(uuid_send(row.team_id), 'hex')),
            'kind', jsonb_build_array(NULL, row.kind), 'subject', jsonb_build_array(NULL, row.subject),
            'direction', jsonb_build_array(NULL, row.direction), 'status', jsonb_build_array(NULL, row.status),
            'priority', jsonb_build_array(NULL, row.priority), 'endedAt', jsonb_build_array(NULL, row.ended_at),
            'outcome', jsonb_build_array(NULL, row.outcome),
            'deal', jsonb_build_array(NULL, 'deal_' || encode(uuid_send(row.deal_id), 'hex')))
    FROM row, number
)
SELECT json_build_object('logActivity', json_build_object(
    'activity', json_build_object(
        'id', 'activity_' || encode(uuid_send(row.id), 'hex'), 'kind', row.kind, 'subject', row.subject,
        'status', row.status,
        'createdAt', to_char(row.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'deal', json_build_object('id', 'deal_' || encode(uuid_send(d.id), 'hex'), 'name', d.name)),
    'userErrors', json_build_array()))::text
FROM row JOIN deal d ON d.id = row.deal_id
