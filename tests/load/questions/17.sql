SELECT json_build_object('deals', json_build_object(
    'aggregate', (
        SELECT json_build_object('median', json_build_object('baseAmount', euros(round(percentile_cont(0.5) WITHIN GROUP (ORDER BY base_amount_minor))::numeric)), 'p90', json_build_object('baseAmount', euros(round(percentile_cont(0.9) WITHIN GROUP (ORDER BY base_amount_minor))::numeric)))
        FROM deal WHERE deleted_at IS NULL AND status = 'WON'),
    'groupBy', (
        SELECT json_agg(json_build_object('key', json_build_object('owner', CASE WHEN u.id IS NOT NULL THEN json_build_object('name', u.name) END), 'count', count,
            'median', json_build_object('baseAmount', euros(round(median)::numeric)), 'p90', json_build_object('baseAmount', euros(p90))) ORDER BY median DESC NULLS LAST, u.name_sort NULLS LAST)
        FROM (
            SELECT owner_id, count(*) AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY base_amount_minor) AS median, round(percentile_cont(0.9) WITHIN GROUP (ORDER BY base_amount_minor))::numeric AS p90
            FROM deal WHERE deleted_at IS NULL AND status = 'WON' GROUP BY owner_id
        ) AS g LEFT JOIN app_user u ON u.id = g.owner_id)))::text
