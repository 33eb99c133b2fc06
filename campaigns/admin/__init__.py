from campaigns.admin import campaign, government, organisation, profile

__all__ = ["campaign", "government", "organisation", "profile"]
