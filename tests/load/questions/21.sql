WITH won AS (
    SELECT id, company_id, closed_at, base_amount_minor,
        CASE WHEN company_id IS NOT NULL
            THEN row_number() OVER (PARTITION BY company_id ORDER BY closed_at, id) = 1 END AS is_first
    FROM deal WHERE deleted_at IS NULL AND status = 'WON'
)
SELECT json_build_object(
    'firstPurchases', json_build_object(
        'totalCount', (SELECT count(*) FROM won WHERE is_first),
        'nodes', (
            SELECT json_agg(json_build_object('company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END, 'closedAt', rtrim(rtrim(to_char(w.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
                'baseAmount', euros(w.base_amount_minor) -> 0) ORDER BY w.closed_at DESC, w.id DESC)
            FROM (SELECT * FROM won WHERE is_first ORDER BY closed_at DESC, id DESC LIMIT 100) AS w
            LEFT JOIN company c ON c.id = w.company_id AND c.deleted_at IS NULL)),
    'quarters', json_build_object('groupBy', (
        SELECT json_agg(json_build_object('key', json_build_object('closedAt', q::date), 'new', json_build_object('baseAmount', euros(new)), 'repeat', json_build_object('baseAmount', euros(known)),
            'newPart', coalesce(new, 0)::float8 / nullif(sum, 0)::float8) ORDER BY q)
        FROM generate_series(timestamp '2024-04-01', timestamp '2026-01-01', interval '3 months') AS q
        LEFT JOIN (
            SELECT date_trunc('quarter', closed_at AT TIME ZONE 'UTC') AS q, sum(base_amount_minor) AS sum,
                sum(base_amount_minor) FILTER (WHERE is_first) AS new, sum(base_amount_minor) FILTER (WHERE NOT is_first) AS known
            FROM won
            WHERE closed_at >= '2024-04-01Z' AND closed_at < '2026-04-01Z'
            GROUP BY 1
        ) AS g USING (q))))::text
