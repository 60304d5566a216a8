SELECT json_build_object('deals', json_build_object('groupBy', json_agg(json_build_object(
    'key', json_build_object('company', CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name) END), 'count', count, 'sum', json_build_object('baseAmount', euros(sum)), 'shareOfTotal', share,
    'runningTotal', (running / 100)::numeric(20, 2)::text) ORDER BY sum DESC, c.name_sort NULLS LAST)))::text
FROM (
    SELECT company_id, count(*) AS count, sum(base_amount_minor) AS sum,
        sum(base_amount_minor)::float8 / sum(sum(base_amount_minor)) OVER ()::float8 AS share,
        sum(sum(base_amount_minor)) OVER (ORDER BY sum(base_amount_minor) DESC ROWS UNBOUNDED PRECEDING) AS running
    FROM deal
    WHERE deleted_at IS NULL AND status = 'WON'
    GROUP BY company_id
    ORDER BY sum DESC
    LIMIT 10
) AS g
LEFT JOIN company c ON c.id = g.company_id AND c.deleted_at IS NULL
