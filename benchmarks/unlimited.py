"""The site as it is served, without limits per network: a load generator is one network."""

from campaign_site import throttle
from campaign_site.wsgi import application

throttle.SIGNING = throttle.Limit(10**9, 10**9)

__all__ = ["application"]
