WITH without AS (
    SELECT id, name, name_sort FROM company c
    WHERE deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM deal d WHERE d.company_id = c.id AND d.deleted_at IS NULL AND d.status = 'WON')
), idle AS (
    SELECT name, name_sort, role FROM app_user u
    WHERE deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM deal d WHERE d.owner_id = u.id AND d.deleted_at IS NULL)
)
SELECT json_build_object(
    'companies', json_build_object(
        'totalCount', (SELECT count(*) FROM without),
        'nodes', (SELECT json_agg(json_build_object('name', name, 'openDealCount', (
                SELECT count(*) FROM deal d WHERE d.company_id = c.id AND d.status = 'OPEN' AND d.deleted_at IS NULL))
            ORDER BY name_sort, id)
            FROM (SELECT * FROM without ORDER BY name_sort, id LIMIT 50) AS c)),
    'users', json_build_object(
        'totalCount', (SELECT count(*) FROM idle),
        'nodes', (SELECT json_agg(json_build_object('name', name, 'role', role) ORDER BY name_sort) FROM idle)))::text
