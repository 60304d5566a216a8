SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('closedAt', m::date), 'sum', json_build_object('baseAmount', euros(sum)),
    'runningTotal', (coalesce(running, 0) / 100)::numeric(20, 2)::text) ORDER BY m)))::text
FROM (
    SELECT m, sum, sum(sum) OVER (ORDER BY m) AS running
    FROM generate_series(timestamp '2024-04-01', timestamp '2026-03-01', interval '1 month') AS m
    LEFT JOIN (
        SELECT date_trunc('month', closed_at AT TIME ZONE 'UTC') AS m, sum(base_amount_minor) AS sum
        FROM deal
        WHERE deleted_at IS NULL AND status = 'WON' AND closed_at >= '2024-04-01Z' AND closed_at < '2026-04-01Z'
        GROUP BY 1
    ) AS g USING (m)
) AS t
