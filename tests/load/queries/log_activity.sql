WITH row AS (
    INSERT INTO activity (
        id, created_at, updated_at, created_by, version, owner_id, team_id,
        kind, subject, direction, status, priority, ended_at, outcome, deal_id)
    VALUES (
        gen_random_uuid(), now(), now(), $2::uuid, 1, $2::uuid, $3::uuid,
        'CALL', $4, 'OUTBOUND', 'DONE', 'NORMAL', now(), 'REACHED', $1::uuid)
    RETURNING *
)
SELECT json_build_object('logActivity', json_build_object(
    'activity', json_build_object(
        'id', 'activity_' || encode(uuid_send(row.id), 'hex'), 'kind', row.kind, 'subject', row.subject,
        'status', row.status,
        'createdAt', to_char(row.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'deal', json_build_object('id', 'deal_' || encode(uuid_send(d.id), 'hex'), 'name', d.name)),
    'userErrors', json_build_array()))::text
FROM row JOIN deal d ON d.id = row.deal_id
