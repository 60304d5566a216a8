WITH d AS (
    SELECT d.stage_id, coalesce(d.probability_override, s.probability) AS chance,
        CASE WHEN d.currency = 'EUR' THEN d.amount_minor::numeric
            ELSE div(d.amount_minor::numeric * r.rate_e8, 100000000)
                + CASE WHEN mod(d.amount_minor::numeric * r.rate_e8, 100000000) > 50000000
                    OR (mod(d.amount_minor::numeric * r.rate_e8, 100000000) = 50000000
                        AND mod(div(d.amount_minor::numeric * r.rate_e8, 100000000), 2) = 1) THEN 1 ELSE 0 END END AS minor
    FROM deal d
    JOIN stage s ON s.id = d.stage_id
    LEFT JOIN (
        SELECT DISTINCT ON (currency) currency, rate_e8 FROM exchange_rate
        WHERE deleted_at IS NULL AND date <= (now() AT TIME ZONE 'UTC')::date ORDER BY currency, date DESC
    ) AS r ON r.currency = d.currency
    WHERE d.deleted_at IS NULL AND d.status = 'OPEN'
), g AS (
    SELECT stage_id, count(*) AS count, count(*) - count(minor) AS without, sum(minor) AS sum,
        sum(div(minor * chance, 100) + CASE WHEN mod(minor * chance, 100) > 50
            OR (mod(minor * chance, 100) = 50 AND mod(div(minor * chance, 100), 2) = 1) THEN 1 ELSE 0 END) AS weighted
    FROM d GROUP BY stage_id
)
SELECT json_build_object('deals', json_build_object(
    'groupBy', json_agg(json_build_object('key', json_build_object('stage', json_build_object('name', s.name, 'pipeline', CASE WHEN p.id IS NOT NULL THEN json_build_object('name', p.name) END)),
        'count', count, 'withoutAmount', without,
        'sum', json_build_object('amountInBase', euros(sum), 'weightedAmount', euros(weighted))) ORDER BY p.name_sort, s.position),
    'aggregate', json_build_object('sum', json_build_object('weightedAmount', euros(sum(weighted))))))::text
FROM g JOIN stage s ON s.id = g.stage_id JOIN pipeline p ON p.id = s.pipeline_id
