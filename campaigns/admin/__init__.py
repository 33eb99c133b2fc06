from campaigns.admin import campaign, document, government, organisation, profile

__all__ = ["campaign", "document", "government", "organisation", "profile"]
