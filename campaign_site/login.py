"""How staff log in, and where their permissions come from."""

from django.contrib.auth.backends import ModelBackend

from campaign_site.roles import PERMISSIONS


class RoleBackend(ModelBackend):
    """Django's login by password; what somebody may do comes from the role alone."""

    def get_all_permissions(self, user_obj, obj=None):
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        return PERMISSIONS.get(user_obj.role, set())

    def get_group_permissions(self, user_obj, obj=None):
        return set()

    def has_perm(self, user_obj, perm, obj=None):
        return perm in self.get_all_permissions(user_obj)
