WITH d AS (
    SELECT company_id, owner_id, closed_at FROM deal WHERE deleted_at IS NULL AND status = 'WON' AND closed_at >= date_trunc('year', now(), 'UTC') - interval '1 year' AND closed_at < date_trunc('year', now(), 'UTC')
)
SELECT json_build_object('deals', json_build_object(
    'aggregate', (SELECT json_build_object('customers', count(DISTINCT company_id), 'owners', count(DISTINCT owner_id)) FROM d),
    'groupBy', (
        SELECT json_agg(json_build_object(
            'key', json_build_object('closedAt', q::date), 'customers', coalesce(customers, 0), 'owners', coalesce(owners, 0)) ORDER BY q)
        FROM generate_series(
            date_trunc('year', now() AT TIME ZONE 'UTC') - interval '1 year',
            date_trunc('year', now() AT TIME ZONE 'UTC') - interval '3 months', interval '3 months') AS q
        LEFT JOIN (
            SELECT date_trunc('quarter', closed_at AT TIME ZONE 'UTC') AS q, count(DISTINCT company_id) AS customers,
                count(DISTINCT owner_id) AS owners
            FROM d GROUP BY 1
        ) AS g USING (q))))::text
