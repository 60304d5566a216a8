WITH d AS (
    SELECT id, name, created_at, status FROM deal
    WHERE deleted_at IS NULL AND created_at < '2025-07-03Z' AND (closed_at >= '2025-10-01Z' OR closed_at IS NULL)
)
SELECT json_build_object('deals', json_build_object('totalCount', (SELECT count(*) FROM d), 'nodes', (
    SELECT json_agg(json_build_object('name', d.name, 'createdAt', rtrim(rtrim(to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z', 'status', d.status,
        'transitions', json_build_object('nodes', coalesce((
            SELECT json_agg(json_build_object('at', rtrim(rtrim(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
                'toStage', CASE WHEN s.id IS NOT NULL THEN json_build_object('name', s.name) END, 'amountBase', euros(amount_base_minor) -> 0, 'probability', t.probability))
            FROM (SELECT * FROM transition WHERE deal_id = d.id AND at < '2025-10-01Z' ORDER BY at DESC, id DESC LIMIT 1) AS t
            LEFT JOIN stage s ON s.id = t.to_stage_id), '[]'))) ORDER BY d.created_at, d.id)
    FROM (SELECT * FROM d ORDER BY created_at, id LIMIT 100) AS d)))::text
