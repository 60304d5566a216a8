SELECT json_object('deal', json_object(
    'id', 'deal_' || lower(hex(d.id)), 'name', d.name, 'kind', d.kind, 'status', d.status,
    'amount', json(CASE WHEN d.amount_minor IS NOT NULL THEN json_object(
        'amount', printf('%d.%02d', d.amount_minor / 100, d.amount_minor % 100), 'currency', d.currency) END),
    'expectedCloseOn', d.expected_close_on,
    'closedAt', strftime('%Y-%m-%dT%H:%M:%SZ', d.closed_at),
    'createdAt', strftime('%Y-%m-%dT%H:%M:%SZ', d.created_at),
    'version', d.version))
FROM deal d
WHERE d.id = unhex(?1, '-') AND d.deleted_at IS NULL
