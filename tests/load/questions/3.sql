SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('owner', CASE WHEN u.id IS NOT NULL THEN json_build_object('name', u.name) END), 'won', won, 'lost', decided - won, 'winRate', won::float8 / decided)
    ORDER BY won::float8 / decided DESC, u.name_sort NULLS LAST)))::text
FROM (
    SELECT owner_id, count(*) AS decided, count(*) FILTER (WHERE status = 'WON') AS won
    FROM deal
    WHERE deleted_at IS NULL AND status IN ('WON', 'LOST') AND closed_at >= date_trunc('year', now(), 'UTC') - interval '1 year' AND closed_at < date_trunc('year', now(), 'UTC')
    GROUP BY owner_id
) AS g
LEFT JOIN app_user u ON u.id = g.owner_id
