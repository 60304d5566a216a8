SELECT json_object('campaigns', json_object('nodes', json_group_array(json(top.node))))
FROM (
    SELECT json_object(
        'id', 'campaign_' || lower(hex(c.id)), 'name', c.name, 'status', c.status,
        'leads', json_object('nodes', json((
            SELECT json_group_array(json(lead.node))
            FROM (
                SELECT json_object(
                    'id', 'lead_' || lower(hex(l.id)), 'status', l.status, 'score', l.score,
                    'createdAt', strftime('%Y-%m-%dT%H:%M:%SZ', l.created_at),
                    'deal', json(CASE WHEN d.id IS NOT NULL THEN json_object(
                        'id', 'deal_' || lower(hex(d.id)), 'name', d.name, 'status', d.status,
                        'amount', json(CASE WHEN d.amount_minor IS NOT NULL THEN json_object(
                            'amount', printf('%d.%02d', d.amount_minor / 100, d.amount_minor % 100),
                            'currency', d.currency) END),
                        'activities', json_object('nodes', json((
                            SELECT json_group_array(json(activity.node))
                            FROM (
                                SELECT json_object(
                                    'id', 'activity_' || lower(hex(a.id)), 'kind', a.kind, 'subject', a.subject,
                                    'createdAt', strftime('%Y-%m-%dT%H:%M:%SZ', a.created_at)
                                ) AS node
                                FROM activity a
                                WHERE a.deal_id = d.id AND a.deleted_at IS NULL
                                ORDER BY a.created_at DESC, a.id DESC
                                LIMIT 5
                            ) AS activity)))
                    ) END)
                ) AS node
                FROM lead l
                LEFT JOIN deal d ON d.id = l.deal_id AND d.deleted_at IS NULL
                WHERE l.source_campaign_id = c.id AND l.deleted_at IS NULL AND l.status = 'CONVERTED'
                ORDER BY l.created_at DESC, l.id DESC
                LIMIT 10
            ) AS lead)))
    ) AS node
    FROM campaign c
    WHERE c.deleted_at IS NULL
    ORDER BY c.created_at DESC, c.id DESC
    LIMIT 5
) AS top
