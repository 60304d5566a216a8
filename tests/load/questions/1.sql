SELECT json_build_object('deals', json_build_object('aggregate', json_build_object(
    'count', count(*), 'withoutAmount', count(*) - count(base_amount_minor),
    'sum', json_build_object('baseAmount', euros(sum(base_amount_minor))), 'avg', json_build_object('baseAmount', euros(round(avg(base_amount_minor)))))))::text
FROM deal
WHERE deleted_at IS NULL AND status = 'WON' AND closed_at >= date_trunc('year', now(), 'UTC') - interval '1 year' AND closed_at < date_trunc('year', now(), 'UTC')
