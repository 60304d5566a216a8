SELECT json_build_object('campaigns', json_build_object('nodes', coalesce(json_agg(top.node), '[]')))::text
FROM (
    SELECT json_build_object(
        'id', 'campaign_' || encode(uuid_send(c.id), 'hex'), 'name', c.name, 'status', c.status,
        'leads', json_build_object('nodes', (
            SELECT coalesce(json_agg(lead.node), '[]')
            FROM (
                SELECT json_build_object(
                    'id', 'lead_' || encode(uuid_send(l.id), 'hex'), 'status', l.status, 'score', l.score,
                    'createdAt', to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    'deal', CASE WHEN d.id IS NOT NULL THEN json_build_object(
                        'id', 'deal_' || encode(uuid_send(d.id), 'hex'), 'name', d.name, 'status', d.status,
                        'amount', CASE WHEN d.amount_minor IS NOT NULL THEN json_build_object(
                            'amount', (d.amount_minor / 100.0)::numeric(20, 2)::text, 'currency', d.currency) END,
                        'activities', json_build_object('nodes', (
                            SELECT coalesce(json_agg(activity.node), '[]')
                            FROM (
                                SELECT json_build_object(
                                    'id', 'activity_' || encode(uuid_send(a.id), 'hex'),
                                    'kind', a.kind, 'subject', a.subject,
                                    'createdAt',
                                    to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                                ) AS node
                                FROM activity a
                                WHERE a.deal_id = d.id AND a.deleted_at IS NULL
                                ORDER BY a.created_at DESC, a.id DESC
                                LIMIT 5
                            ) AS activity))
                    ) END
                ) AS node
                FROM lead l
                LEFT JOIN deal d ON d.id = l.deal_id AND d.deleted_at IS NULL
                WHERE l.source_campaign_id = c.id AND l.deleted_at IS NULL AND l.status = 'CONVERTED'
                ORDER BY l.created_at DESC, l.id DESC
                LIMIT 10
            ) AS lead))
    ) AS node
    FROM campaign c
    WHERE c.deleted_at IS NULL
    ORDER BY c.created_at DESC, c.id DESC
    LIMIT 5
) AS top
