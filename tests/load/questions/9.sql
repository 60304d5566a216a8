SELECT json_build_object('deals', json_build_object('groupBy', coalesce(json_agg(json_build_object(
    'key', json_build_object('company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END), 'sum', json_build_object('baseAmount', euros(sum))) ORDER BY sum DESC, c.name_sort NULLS LAST), '[]')))::text
FROM (
    SELECT company_id, sum(base_amount_minor) AS sum
    FROM deal
    WHERE deleted_at IS NULL AND status = 'WON'
    GROUP BY company_id
    HAVING sum(base_amount_minor) > 30000000
) AS g
LEFT JOIN company c ON c.id = g.company_id AND c.deleted_at IS NULL
