SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('ownerKey', json_build_object('teamKey', json_build_object('lead', CASE WHEN m.id IS NOT NULL THEN json_build_object('name', m.name) END))), 'count', count,
    'avg', json_build_object('daysToClose', mean), 'median', json_build_object('daysToClose', median)) ORDER BY m.name_sort NULLS LAST)))::text
FROM (
    SELECT t.lead_id, count(*) AS count, avg(days) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS median
    FROM (
        SELECT owner_id, trunc((floor(extract(epoch FROM closed_at)) - floor(extract(epoch FROM created_at)))
            * 1000000 / 86400)::float8 / 1000000 AS days
        FROM deal WHERE deleted_at IS NULL AND status = 'WON'
    ) AS d
    LEFT JOIN app_user u ON u.id = d.owner_id LEFT JOIN team t ON t.id = u.team_id
    GROUP BY 1
) AS g
LEFT JOIN app_user m ON m.id = g.lead_id
