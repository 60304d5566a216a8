SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('companyKey', json_build_object('industry', industry)), 'count', count, 'sum', json_build_object('baseAmount', euros(sum)),
    'shareOfTotal', share) ORDER BY sum DESC NULLS LAST, industry_sort NULLS LAST)))::text
FROM (
    SELECT c.industry, c.industry_sort, count(*) AS count, sum(base_amount_minor) AS sum,
        sum(base_amount_minor)::float8 / sum(sum(base_amount_minor)) OVER ()::float8 AS share
    FROM (SELECT company_id, base_amount_minor FROM deal WHERE deleted_at IS NULL AND status = 'WON') AS d
    LEFT JOIN company c ON c.id = d.company_id AND c.deleted_at IS NULL
    GROUP BY 1, 2
) AS g
