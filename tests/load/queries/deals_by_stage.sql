SELECT json_build_object('deals', json_build_object('groupBy', coalesce(json_agg(json_build_object(
    'key', json_build_object('stage', CASE WHEN s.id IS NOT NULL THEN
        json_build_object('id', 'stage_' || encode(uuid_send(s.id), 'hex'), 'name', s.name) END),
    'count', g.count,
    'sum', json_build_object('amount', g.amounts)) ORDER BY p.name_sort NULLS LAST, s.position NULLS LAST, s.id NULLS LAST), '[]')))::text
FROM (
    SELECT stage_id, sum(count)::bigint AS count,
        coalesce(json_agg(json_build_object('amount', (sum / 100)::numeric(20, 2)::text, 'currency', currency)
            ORDER BY currency) FILTER (WHERE amounts > 0), '[]') AS amounts
    FROM (
        SELECT stage_id, currency, count(*) AS count, count(amount_minor) AS amounts, sum(amount_minor) AS sum
        FROM deal
        WHERE deleted_at IS NULL
        GROUP BY stage_id, currency
    ) AS by_currency
    GROUP BY stage_id
) AS g
LEFT JOIN stage s ON s.id = g.stage_id AND s.deleted_at IS NULL
LEFT JOIN pipeline p ON p.id = s.pipeline_id AND p.deleted_at IS NULL
