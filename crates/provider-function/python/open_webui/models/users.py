"""Users, as far as a function may know them."""

import transom_call
import transom_imports
from open_webui.models.ready import NOBODY, Ready
from pydantic import BaseModel, ConfigDict

__getattr__ = transom_imports.strict(__name__)


class UserModel(Ready, BaseModel):
    """A user. Functions also make one from `__user__`, so that unknown fields are kept."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    id: str
    name: str = ""
    email: str = ""
    role: str = "user"


# Before 0.9 functions typed and made their users with either name.
User = UserModel
UserResponse = UserModel


class Users(metaclass=transom_imports.Offers):
    @staticmethod
    def get_user_by_id(id, *_, **__):
        call = transom_call.current("Users.get_user_by_id")
        found = call.user if id == call.user.get("id") else call.ask_now("user", {"id": id})
        return UserModel(**found) if found else NOBODY

    @staticmethod
    def get_user_by_email(email, *_, **__):
        """Only the caller's own address is known here: addresses of others are no function's business."""
        call = transom_call.current("Users.get_user_by_email")
        return UserModel(**call.user) if email and email == call.user.get("email") else NOBODY
