"""Large numbers in groups, as on Chinese pages: 1,204."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
