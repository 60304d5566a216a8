SELECT json_build_object('deals', json_build_object('nodes', coalesce(json_agg(row.node), '[]')))::text
FROM (
    SELECT json_build_object(
        'id', 'deal_' || encode(uuid_send(d.id), 'hex'), 'name', d.name, 'kind', d.kind, 'status', d.status,
        'amount', CASE WHEN d.amount_minor IS NOT NULL THEN
            json_build_object('amount', (d.amount_minor / 100.0)::numeric(20, 2)::text, 'currency', d.currency) END,
        'expectedCloseOn', d.expected_close_on,
        'closedAt', to_char(d.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'createdAt', to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'company', CASE WHEN c.id IS NOT NULL THEN json_build_object(
            'id', 'company_' || encode(uuid_send(c.id), 'hex'),
            'name', c.name, 'industry', c.industry, 'country', c.country) END,
        'owner', CASE WHEN u.id IS NOT NULL THEN json_build_object(
            'id', 'user_' || encode(uuid_send(u.id), 'hex'), 'name', u.name, 'role', u.role) END
    ) AS node
    FROM deal d
    LEFT JOIN company c ON c.id = d.company_id AND c.deleted_at IS NULL
    LEFT JOIN app_user u ON u.id = d.owner_id AND u.deleted_at IS NULL
    WHERE d.deleted_at IS NULL
    ORDER BY d.created_at DESC, d.id DESC
    LIMIT 50
) AS row
