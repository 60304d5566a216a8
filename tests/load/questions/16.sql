WITH f AS (
    SELECT date_trunc('year', now() AT TIME ZONE 'UTC' - interval '3 months') + interval '3 months' AS first
), g AS (
    SELECT date_trunc('month', closed_at AT TIME ZONE 'UTC') AS m, count(*) AS count, sum(base_amount_minor) AS sum
    FROM deal
    WHERE deleted_at IS NULL AND status = 'WON'
    GROUP BY 1
), months AS (
    SELECT m.m, now.count, now.sum, before.count AS count_before, before.sum AS sum_before
    FROM f CROSS JOIN generate_series(first, first + interval '11 months', interval '1 month') AS m(m)
    LEFT JOIN g AS now ON now.m = m.m
    LEFT JOIN g AS before ON before.m = m.m - interval '1 year'
)
SELECT json_build_object('deals', json_build_object(
    'aggregate', (
        SELECT json_build_object('sum', json_build_object('baseAmount', euros(sum(sum))), 'compared', json_build_object('sum', json_build_object('baseAmount', euros(sum(sum_before)))),
            'change', (sum(sum) - sum(sum_before))::float8 / sum(sum_before)::float8) FROM months),
    'months', (
        SELECT json_agg(json_build_object(
            'key', json_build_object('closedAt', m::date), 'count', coalesce(count, 0), 'sum', json_build_object('baseAmount', euros(sum)),
            'compared', json_build_object('count', coalesce(count_before, 0), 'sum', json_build_object('baseAmount', euros(sum_before))),
            'change', (coalesce(sum, 0) - sum_before)::float8 / sum_before::float8) ORDER BY m) FROM months),
    'years', (
        SELECT json_agg(json_build_object('key', json_build_object('closedAt', y::date), 'count', count, 'sum', json_build_object('baseAmount', euros(sum))) ORDER BY y)
        FROM (
            SELECT date_trunc('year', m - interval '3 months') + interval '3 months' AS y, sum(count)::bigint AS count, sum(sum) AS sum
            FROM g GROUP BY 1
        ) AS years)))::text
