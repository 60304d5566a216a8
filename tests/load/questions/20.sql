SELECT json_build_object('users', json_build_object('nodes', json_agg(json_build_object('name', u.name,
    'deals', json_build_object('nodes', coalesce((
        SELECT json_agg(json_build_object('name', d.name, 'closedAt', rtrim(rtrim(to_char(d.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z', 'company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END,
            'baseAmount', euros(d.base_amount_minor) -> 0))
        FROM (
            SELECT * FROM deal WHERE owner_id = u.id AND deleted_at IS NULL AND status = 'WON' ORDER BY base_amount_minor DESC NULLS LAST, id DESC LIMIT 1
        ) AS d LEFT JOIN company c ON c.id = d.company_id AND c.deleted_at IS NULL), '[]'))) ORDER BY u.name_sort)))::text
FROM app_user u
WHERE u.deleted_at IS NULL AND EXISTS (SELECT 1 FROM deal d WHERE d.owner_id = u.id AND d.deleted_at IS NULL)
