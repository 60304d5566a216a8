SELECT json_object('leads', json_object('groupBy', json_group_array(json_object(
    'key', json_object(
        'sourceCampaign', json(CASE WHEN c.id IS NOT NULL THEN
            json_object('id', 'campaign_' || lower(hex(c.id)), 'name', c.name) END),
        'createdAt', g.month),
    'count', g.count) ORDER BY c.name_sort NULLS LAST, c.id NULLS LAST, g.month)))
FROM (
    SELECT source_campaign_id, date(created_at, 'start of month') AS month, count(*) AS count
    FROM lead
    WHERE deleted_at IS NULL
    GROUP BY 1, 2
) AS g
LEFT JOIN campaign c ON c.id = g.source_campaign_id AND c.deleted_at IS NULL
