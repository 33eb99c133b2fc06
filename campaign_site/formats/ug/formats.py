"""What Django leaves out for Uyghur."""

DATETIME_FORMAT = "j F Y، G:i"
