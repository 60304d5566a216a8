SELECT json_build_object('deals', json_build_object('aggregate', json_build_object(
    'count', now, 'sum', json_build_object('baseAmount', euros(now_sum)), 'compared', json_build_object('count', before, 'sum', json_build_object('baseAmount', euros(before_sum))),
    'ofDeals', (now - before)::float8 / nullif(before, 0), 'ofRevenue', (now_sum - before_sum)::float8 / before_sum::float8)))::text
FROM (
    SELECT count(*) FILTER (WHERE closed_at >= q) AS now, sum(base_amount_minor) FILTER (WHERE closed_at >= q) AS now_sum,
        count(*) FILTER (WHERE closed_at < q) AS before, sum(base_amount_minor) FILTER (WHERE closed_at < q) AS before_sum
    FROM deal CROSS JOIN (SELECT date_trunc('quarter', now(), 'UTC') AS q) AS this
    WHERE deleted_at IS NULL AND status = 'WON' AND closed_at >= q - interval '3 months' AND closed_at < q + interval '3 months'
) AS g
