SELECT json_build_object('leads', json_build_object('groupBy', coalesce(json_agg(json_build_object(
    'key', json_build_object(
        'sourceCampaign', CASE WHEN c.id IS NOT NULL THEN
            json_build_object('id', 'campaign_' || encode(uuid_send(c.id), 'hex'), 'name', c.name) END,
        'createdAt', g.month),
    'count', g.count) ORDER BY c.name_sort NULLS LAST, c.id NULLS LAST, g.month), '[]')))::text
FROM (
    SELECT source_campaign_id, date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month, count(*) AS count
    FROM lead
    WHERE deleted_at IS NULL
    GROUP BY 1, 2
) AS g
LEFT JOIN campaign c ON c.id = g.source_campaign_id AND c.deleted_at IS NULL
