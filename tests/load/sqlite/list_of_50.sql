SELECT json_object('deals', json_object('nodes', json_group_array(json(row.node))))
FROM (
    SELECT json_object(
        'id', 'deal_' || lower(hex(d.id)), 'name', d.name, 'kind', d.kind, 'status', d.status,
        'amount', json(CASE WHEN d.amount_minor IS NOT NULL THEN json_object(
            'amount', printf('%d.%02d', d.amount_minor / 100, d.amount_minor % 100), 'currency', d.currency) END),
        'expectedCloseOn', d.expected_close_on,
        'closedAt', strftime('%Y-%m-%dT%H:%M:%SZ', d.closed_at),
        'createdAt', strftime('%Y-%m-%dT%H:%M:%SZ', d.created_at),
        'company', json(CASE WHEN c.id IS NOT NULL THEN json_object(
            'id', 'company_' || lower(hex(c.id)), 'name', c.name, 'industry', c.industry, 'country', c.country) END),
        'owner', json(CASE WHEN u.id IS NOT NULL THEN json_object(
            'id', 'user_' || lower(hex(u.id)), 'name', u.name, 'role', u.role) END)
    ) AS node
    FROM deal d
    LEFT JOIN company c ON c.id = d.company_id AND c.deleted_at IS NULL
    LEFT JOIN app_user u ON u.id = d.owner_id AND u.deleted_at IS NULL
    WHERE d.deleted_at IS NULL
    ORDER BY d.created_at DESC, d.id DESC
    LIMIT 50
) AS row
