//! Accounts as answers show them, from the whole to a name.

use serde_json::{Value, json};
use transom_app::accounts::is_active;
use transom_domain::{Group, User};

/// Everything, for administrators. Fields that no account has here are null, as clients expect them to be there.
pub(crate) fn full(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "username": null,
        "role": user.role,
        "name": user.name,
        "profile_image_url": user.profile_image_url,
        "profile_banner_image_url": null,
        "bio": null,
        "gender": null,
        "date_of_birth": null,
        "timezone": null,
        "presence_state": null,
        "status_emoji": null,
        "status_message": null,
        "status_expires_at": null,
        "info": user.info,
        "settings": user.settings,
        "oauth": null,
        "scim": null,
        "last_active_at": user.last_active_at,
        "updated_at": user.updated_at,
        "created_at": user.created_at,
    })
}

/// What sharing with somebody needs.
pub(crate) fn info(user: &User, groups: &[Group]) -> Value {
    json!({
        "status_emoji": null,
        "status_message": null,
        "status_expires_at": null,
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "bio": null,
        "last_active_at": user.last_active_at,
        "timezone": null,
        "groups": names(groups),
        "is_active": is_active(user),
    })
}

/// What every account may see of another.
pub(crate) fn brief(user: &User, groups: &[Group]) -> Value {
    json!({
        "status_emoji": null,
        "status_message": null,
        "status_expires_at": null,
        "name": user.name,
        "profile_image_url": format!("/api/v1/users/{}/profile/image", user.id),
        "groups": names(groups),
        "is_active": is_active(user),
    })
}

fn names(groups: &[Group]) -> Vec<Value> {
    groups.iter().map(|group| json!({"id": group.id, "name": group.name})).collect()
}
