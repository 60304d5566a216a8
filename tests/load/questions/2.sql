SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('closedAt', m::date), 'count', coalesce(count, 0), 'sum', json_build_object('baseAmount', euros(sum))) ORDER BY m)))::text
FROM generate_series(
    date_trunc('year', now() AT TIME ZONE 'UTC') - interval '1 year',
    date_trunc('year', now() AT TIME ZONE 'UTC') - interval '1 month', interval '1 month') AS m
LEFT JOIN (
    SELECT date_trunc('month', closed_at AT TIME ZONE 'America/New_York') AS m, count(*) AS count, sum(base_amount_minor) AS sum
    FROM deal
    WHERE deleted_at IS NULL AND status = 'WON'
        AND closed_at >= (date_trunc('year', now() AT TIME ZONE 'UTC') - interval '1 year') AT TIME ZONE 'America/New_York'
        AND closed_at < date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'America/New_York'
    GROUP BY 1
) AS g USING (m)
