SELECT json_build_object('deal', json_build_object(
    'id', 'deal_' || encode(uuid_send(d.id), 'hex'), 'name', d.name, 'kind', d.kind, 'status', d.status,
    'amount', CASE WHEN d.amount_minor IS NOT NULL THEN
        json_build_object('amount', (d.amount_minor / 100.0)::numeric(20, 2)::text, 'currency', d.currency) END,
    'expectedCloseOn', d.expected_close_on,
    'closedAt', to_char(d.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'createdAt', to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'version', d.version))::text
FROM deal d
WHERE d.id = $1::uuid AND d.deleted_at IS NULL
