"""Signatures by the hundred thousand, as rows that look like those that people make."""

_ROWS = """
INSERT INTO petitions_signature (id, petition_id, state, deliver, held, held_reason, name, city,
    name_key, city_key, digest, person, language, signed_on)
SELECT gen_random_uuid(), %s::bigint, 'confirmed', true, false, '', name, city, lower(name),
    lower(city), sha256((%s::bigint || '-' || number)::text::bytea), 1, 'en',
    current_date - (number %% 60)::integer
FROM (
    SELECT number, (%s::text[])[1 + floor(random() * 8)] || ' '
            || initcap(translate(left(md5(number::text), 9), '0123456789', 'ghiklmnopr')) AS name,
        (%s::text[])[1 + floor(random() * 6)] || floor(random() * 300) AS city
    FROM generate_series(1, %s::bigint) AS number
) AS people
"""
FIRST_NAMES = ["Amina", "Ұлан", "ئايگۈل", "小明", "Zoë", "Björn", "བསྟན་འཛིན", "Άννα"]
CITIES = ["Lund ", "Алматы ", "台北", "Saint-Étienne ", "Ürümchi ", "ལྷ་ས་"]


def sign(petition, number: int) -> None:
    """Of a petition that has none. They are counted, too."""
    from django.db import connection

    from petitions import counting

    if not number:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [petition.pk, petition.pk, FIRST_NAMES, CITIES, number])
        cursor.execute("VACUUM ANALYZE petitions_signature")
    counting.recount(petition)
