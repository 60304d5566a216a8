WITH by_owner AS (
    SELECT owner_id, date_trunc('quarter', closed_at AT TIME ZONE 'UTC') AS q, count(*) AS decided,
        count(*) FILTER (WHERE status = 'WON') AS won, sum(base_amount_minor) FILTER (WHERE status = 'WON') AS sum
    FROM deal
    WHERE deleted_at IS NULL AND status IN ('WON', 'LOST') AND closed_at >= '2025-04-01Z' AND closed_at < '2026-07-01Z'
    GROUP BY 1, 2
), g AS (
    SELECT t.lead_id, q, sum(decided)::bigint AS decided, sum(won)::bigint AS won, sum(sum) AS sum
    FROM by_owner LEFT JOIN app_user u ON u.id = owner_id LEFT JOIN team t ON t.id = u.team_id
    GROUP BY 1, 2
)
SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('ownerKey', json_build_object('teamKey', json_build_object('lead', CASE WHEN m.id IS NOT NULL THEN json_build_object('name', m.name) END)), 'closedAt', c.q::date),
    'sum', json_build_object('baseAmount', euros(g.sum)), 'won', coalesce(won, 0), 'lost', coalesce(decided - won, 0),
    'winRate', won::float8 / decided) ORDER BY m.name_sort NULLS LAST, c.q)))::text
FROM (SELECT DISTINCT lead_id FROM g) AS l
CROSS JOIN generate_series(timestamp '2025-04-01', timestamp '2026-04-01', interval '3 months') AS c(q)
LEFT JOIN g ON g.lead_id IS NOT DISTINCT FROM l.lead_id AND g.q = c.q
LEFT JOIN app_user m ON m.id = l.lead_id
