//! The names of schemas in the reference's own description.
//!
//! Clients that were generated from that description name their types after its schemas. A schema of ours that stands in the same
//! place takes the same name in the description.

use serde_json::Value;

/// Our type's name, and the reference's name for the schema in its place.
const NAMES: [(&str, &str); 58] = [
    ("AccessRequest", "KnowledgeAccessGrantsForm"),
    ("Account", "UserModel"),
    ("AccountBrief", "UserActiveResponse"),
    ("AccountInfo", "UserInfoResponse"),
    ("AccountInfos", "UserInfoListResponse"),
    ("AccountUpdate", "UserUpdateForm"),
    ("AccountsPage", "UserGroupIdsListResponse"),
    ("AddRequest", "AddUserForm"),
    ("AddedResponse", "AddUserResponse"),
    ("AuthConfigRequest", "AdminConfig"),
    ("ById", "ModelIdForm"),
    ("DeleteRequest", "DeleteForm"),
    ("EmbeddingRequest", "EmbeddingModelUpdateForm"),
    ("Face", "UserProfileImageResponse"),
    ("FileText", "ContentForm"),
    ("FilesPage", "FileListResponse"),
    ("Function", "FunctionModel"),
    ("FunctionBrief", "FunctionResponse"),
    ("FunctionRequest", "FunctionForm"),
    ("FunctionWithUser", "FunctionUserResponse"),
    ("FunctionsRequest", "SyncFunctionsForm"),
    ("GrantsRequest", "ModelAccessGrantsForm"),
    ("GroupExport", "GroupExportResponse"),
    ("GroupInfo", "GroupInfoResponse"),
    ("GroupRequest", "GroupForm"),
    ("KeyResponse", "ApiKey"),
    ("Knowledge", "KnowledgeResponse"),
    ("KnowledgeFileRequest", "KnowledgeFileIdForm"),
    ("KnowledgeFiles", "KnowledgeFileListResponse"),
    ("KnowledgePage", "KnowledgeAccessListResponse"),
    ("KnowledgeRequest", "KnowledgeForm"),
    ("KnowledgeWithFiles", "KnowledgeFilesResponse"),
    ("MembersPage", "GroupMembersResponse"),
    ("MembersRequest", "UserIdsForm"),
    ("ModelRecord", "ModelModel"),
    ("OwnResponse", "SessionUserInfoResponse"),
    ("PageRequest", "ProcessUrlForm"),
    ("PasswordRequest", "UpdatePasswordForm"),
    ("Permissions", "UserPermissions"),
    ("ProcessFileRequest", "ProcessFileForm"),
    ("ProcessFilesRequest", "BatchProcessFilesForm"),
    ("ProcessedFiles", "BatchProcessFilesResponse"),
    ("ProfileRequest", "UpdateProfileForm"),
    ("QueryCollectionRequest", "QueryCollectionsForm"),
    ("QueryDocRequest", "QueryDocForm"),
    ("RecordRequest", "ModelForm"),
    ("RecordResponse", "ModelAccessResponse"),
    ("RecordsRequest", "ModelsImportForm"),
    ("RecordsResponse", "ModelAccessListResponse"),
    ("RenameRequest", "FileRenameForm"),
    ("SessionResponse", "SessionUserResponse"),
    ("SignInRequest", "SigninForm"),
    ("SignUpRequest", "SignupForm"),
    ("TextRequest", "ProcessTextForm"),
    ("UploadForm", "Body_upload_file_api_v1_files__post"),
    ("UploadedFile", "FileModelResponse"),
    ("UrlRequest", "LoadUrlForm"),
    ("VersionRequest", "FunctionVersionForm"),
];

const PREFIX: &str = "#/components/schemas/";

/// Renames the definitions and everything that mentions them.
pub(super) fn apply(description: &mut Value) {
    if let Some(schemas) = description["components"]["schemas"].as_object_mut() {
        for (name, schema) in std::mem::take(schemas) {
            let other = schemas.insert(new_name(&name).to_owned(), schema);
            debug_assert!(other.is_none(), "the reference's name for {name} is that of another schema too");
        }
    }
    mentions(description);
}

fn new_name(name: &str) -> &str {
    NAMES.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, reference)| *reference)
}

fn mentions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix(PREFIX)
            {
                *target = format!("{PREFIX}{}", new_name(name));
            }
            fields.values_mut().for_each(mentions);
        }
        Value::Array(items) => items.iter_mut().for_each(mentions),
        _ => {}
    }
}
