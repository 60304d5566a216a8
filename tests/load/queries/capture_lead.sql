WITH company AS (
    INSERT INTO company (id, created_at, updated_at, created_by, version, owner_id, team_id, name, domain, lifecycle)
    SELECT gen_random_uuid(), now(), now(), $1::uuid, 1, NULL, NULL, $2, $3, 'PROSPECT'
    WHERE NOT EXISTS (SELECT 1 FROM company WHERE deleted_at IS NULL AND domain = $3)
        AND NOT EXISTS (SELECT 1 FROM company WHERE deleted_at IS NULL AND lower(name) = lower($2))
    RETURNING *
), person AS (
    INSERT INTO contact (
        id, created_at, updated_at, created_by, version, first_name, last_name, email, phone, company_id, lifecycle)
    SELECT gen_random_uuid(), now(), now(), $1::uuid, 1, 'Lo', 'Ad', $4, $5, company.id, 'LEAD'
    FROM company
    WHERE NOT EXISTS (SELECT 1 FROM contact WHERE deleted_at IS NULL AND email = $4)
        AND NOT EXISTS (SELECT 1 FROM contact WHERE deleted_at IS NULL AND phone = $5)
    RETURNING *
), touch AS (
    INSERT INTO touchpoint (
        id, created_at, created_by, occurred_at, kind, channel, contact_id, campaign_id, creditable)
    SELECT gen_random_uuid(), now(), $1::uuid, now(), 'FORM_SUBMISSION', 'WEBSITE', person.id, $6::uuid, true
    FROM person
    RETURNING id
), member AS (
    INSERT INTO campaign_member (
        id, created_at, updated_at, created_by, version, campaign_id, contact_id, status, first_responded_at, source)
    SELECT gen_random_uuid(), now(), now(), $1::uuid, 1, $6::uuid, person.id, 'RESPONDED', now(), 'CAMPAIGN'
    FROM person
    RETURNING id
), lead AS (
    INSERT INTO lead (
        id, created_at, updated_at, created_by, version, owner_id, contact_id, company_id, status, source,
        source_campaign_id, score, recycled_count)
    SELECT gen_random_uuid(), now(), now(), $1::uuid, 1, $1::uuid, person.id, person.company_id, 'NEW', 'CAMPAIGN',
        $6::uuid, 0, 0
    FROM person
    RETURNING *
), step AS (
    INSERT INTO transition (id, created_at, lead_id, to_state, at, by_id)
    SELECT gen_random_uuid(), now(), lead.id, 'NEW', now(), $1::uuid
    FROM lead
    RETURNING id
)
SELECT json_build_object('captureLead', json_build_object(
    'outcome', 'CREATED',
    'lead', json_build_object(
        'id', 'lead_' || encode(uuid_send(lead.id), 'hex'), 'status', lead.status,
        'createdAt', to_char(lead.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'contact', json_build_object('id', 'contact_' || encode(uuid_send(person.id), 'hex'), 'lifecycle', person.lifecycle),
        'sourceCampaign', json_build_object('id', 'campaign_' || encode(uuid_send(c.id), 'hex'), 'name', c.name)),
    'userErrors', json_build_array()))::text
FROM lead, person, campaign c
WHERE c.id = $6::uuid
