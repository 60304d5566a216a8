WITH d AS (
    SELECT company_id, count(*) AS decided, count(*) FILTER (WHERE status = 'WON') AS won,
        coalesce(sum(base_amount_minor) FILTER (WHERE status = 'WON'), 0) AS bought
    FROM deal WHERE deleted_at IS NULL AND status IN ('WON', 'LOST') GROUP BY company_id
), g AS (
    SELECT c.size_band, CASE WHEN c.id IS NULL THEN NULL ELSE width_bucket(bought, ARRAY[0, 100, 2000000, 10000000]::numeric[]) END AS range,
        sum(decided)::bigint AS decided, sum(won)::bigint AS won
    FROM d LEFT JOIN company c ON c.id = d.company_id AND c.deleted_at IS NULL
    GROUP BY 1, 2
)
SELECT json_build_object('deals', json_build_object(
    'byStaff', (
        SELECT json_agg(json_build_object('key', json_build_object('companyKey', json_build_object('sizeBand', size_band)),
            'won', won, 'lost', decided - won, 'winRate', won::float8 / decided) ORDER BY size_band COLLATE "C" NULLS LAST)
        FROM (SELECT size_band, sum(decided)::bigint AS decided, sum(won)::bigint AS won FROM g GROUP BY 1) AS staff),
    'byRevenue', (
        SELECT json_agg(json_build_object('key', json_build_object('companyKey', json_build_object('revenueRange',
                json_build_object('from', (ARRAY[NULL, '1.00', '20000.00', '100000.00'])[range],
                    'to', (ARRAY['1.00', '20000.00', '100000.00', NULL])[range]))),
            'won', won, 'lost', decided - won, 'winRate', won::float8 / decided) ORDER BY range NULLS LAST)
        FROM (SELECT range, sum(decided)::bigint AS decided, sum(won)::bigint AS won FROM g GROUP BY 1) AS ranges)))::text
