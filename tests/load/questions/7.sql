SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('ownerKey', json_build_object('teamKey', json_build_object('parent', CASE WHEN p.id IS NOT NULL THEN json_build_object('name', p.name) END))),
    'count', count, 'sum', json_build_object('baseAmount', euros(sum))) ORDER BY p.name_sort NULLS LAST)))::text
FROM (
    SELECT t.parent_id, sum(count)::bigint AS count, sum(sum) AS sum
    FROM (SELECT owner_id, count(*) AS count, sum(base_amount_minor) AS sum FROM deal WHERE deleted_at IS NULL AND status = 'WON' GROUP BY 1) AS d
    LEFT JOIN app_user u ON u.id = d.owner_id
    LEFT JOIN team t ON t.id = u.team_id
    GROUP BY 1
) AS g
LEFT JOIN team p ON p.id = g.parent_id
