WITH g AS (
    SELECT channel, date_trunc('week', closed_at AT TIME ZONE 'UTC') AS w,
        sum(amount_minor) FILTER (WHERE model = 'FIRST_TOUCH') AS first, sum(amount_minor) FILTER (WHERE model = 'LAST_TOUCH') AS last
    FROM attribution_credit
    WHERE model IN ('FIRST_TOUCH', 'LAST_TOUCH') AND closed_at >= '2025-12-29Z' AND closed_at < '2026-03-02Z'
    GROUP BY 1, 2
)
SELECT json_build_object('attributionCredits', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('channel', c.channel, 'closedAt', w.w::date), 'firstTouch', json_build_object('amount', euros(first)),
    'lastTouch', json_build_object('amount', euros(last))) ORDER BY c.channel COLLATE "C" NULLS LAST, w.w)))::text
FROM (SELECT DISTINCT channel FROM g) AS c
CROSS JOIN generate_series(timestamp '2025-12-29', timestamp '2026-02-23', interval '1 week') AS w(w)
LEFT JOIN g ON g.w = w.w AND g.channel IS NOT DISTINCT FROM c.channel
