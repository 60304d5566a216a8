SELECT json_object('deals', json_object('groupBy', json_group_array(json_object(
    'key', json_object('stage', json(CASE WHEN s.id IS NOT NULL THEN
        json_object('id', 'stage_' || lower(hex(s.id)), 'name', s.name) END)),
    'count', g.count,
    'sum', json_object('amount', json(g.amounts)))
    ORDER BY p.name_sort NULLS LAST, s.position NULLS LAST, s.id NULLS LAST)))
FROM (
    SELECT stage_id, sum(count) AS count,
        json_group_array(json_object('amount', printf('%d.%02d', sum / 100, sum % 100), 'currency', currency)
            ORDER BY currency) FILTER (WHERE amounts > 0) AS amounts
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
