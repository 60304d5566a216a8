WITH g AS (
    SELECT company_id, count(*) AS count
    FROM deal
    WHERE deleted_at IS NULL AND status = 'WON'
    GROUP BY company_id
    HAVING count(*) > 7
)
SELECT json_build_object('deals', json_build_object(
    'over50', coalesce(json_agg(json_build_object('key', json_build_object('company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END), 'count', count)
        ORDER BY c.name_sort NULLS LAST) FILTER (WHERE count > 50), '[]'),
    'over2', coalesce(json_agg(json_build_object('key', json_build_object('company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END), 'count', count)
        ORDER BY count DESC, c.name_sort NULLS LAST, c.id), '[]')))::text
FROM g LEFT JOIN company c ON c.id = g.company_id AND c.deleted_at IS NULL
