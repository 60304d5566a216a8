WITH RECURSIVE family AS (
    SELECT id, name, NULL::text COLLATE "C" AS parent FROM company WHERE id = ($1)::uuid AND deleted_at IS NULL
    UNION ALL
    SELECT c.id, c.name, f.name::text FROM family f JOIN company c ON c.parent_id = f.id AND c.deleted_at IS NULL
), bought AS (
    SELECT f.id, f.name, f.parent, count(d.id) AS count, sum(d.base_amount_minor) AS sum
    FROM family f
    LEFT JOIN deal d ON d.company_id = f.id AND d.deleted_at IS NULL AND d.status = 'WON'
    GROUP BY 1, 2, 3
)
SELECT json_build_object(
    'companies', json_build_object('nodes', json_agg(json_build_object('name', name,
        'parent', CASE WHEN parent IS NOT NULL THEN json_build_object('name', parent) END,
        'revenue', euros(coalesce(sum, 0)) -> 0) ORDER BY coalesce(sum, 0) DESC, id DESC)),
    'deals', json_build_object('aggregate', json_build_object(
        'count', sum(count)::bigint, 'sum', json_build_object('baseAmount', euros(sum(sum))))))::text
FROM bought
