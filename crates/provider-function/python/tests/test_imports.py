import importlib
import unittest

import transom_imports


def said(statement):
    """The words of the error that a statement ends with."""
    try:
        exec(statement, {})
    except ImportError as error:
        return str(error)
    raise AssertionError(f"{statement!r} works")


class Imports(unittest.TestCase):
    def test_everything_that_is_offered_can_be_imported(self):
        for name in transom_imports.OFFERED:
            importlib.import_module(name)

    def test_the_names_that_the_message_promises_are_there(self):
        for module, names in transom_imports.OFFERED.items():
            for name in names.split(", "):
                if name.isidentifier():
                    self.assertTrue(hasattr(importlib.import_module(module), name), f"{module}.{name}")

    def test_a_module_that_is_not_offered_is_named_with_what_is(self):
        words = said("from open_webui.retrieval.utils import get_sources_from_items")
        self.assertIn("open_webui.retrieval is not offered", words)
        self.assertIn("open_webui.utils.chat (generate_chat_completion)", words)

    def test_a_name_that_a_module_lacks_is_named(self):
        self.assertIn("open_webui.utils.misc.stream_chunks_handler is not", said("from open_webui.utils.misc import stream_chunks_handler"))
        self.assertIn("open_webui.config.JWT_EXPIRES_IN is not", said("from open_webui.config import JWT_EXPIRES_IN"))
        self.assertIn("open_webui.utils.auth is not", said("from open_webui.utils import auth"))
        self.assertIn("open_webui.socket is not", said("import open_webui.socket.main"))

    def test_a_method_that_a_table_lacks_is_named(self):
        from open_webui.models.users import Users

        with self.assertRaisesRegex(AttributeError, "Users.get_users is not offered"):
            Users.get_users()
        self.assertFalse(hasattr(Users, "delete_user_by_id"))

    def test_names_of_before_lead_to_the_same_things(self):
        import apps.webui.models.users as early
        import utils.misc
        from config import CACHE_DIR
        from main import generate_chat_completions
        from open_webui.models import users
        from open_webui.utils import misc

        self.assertIs(early.Users, users.Users)
        self.assertIs(utils.misc.pop_system_message, misc.pop_system_message)
        self.assertEqual(CACHE_DIR.name, "cache")
        self.assertTrue(callable(generate_chat_completions))

    def test_other_packages_fail_in_pythons_own_words(self):
        self.assertEqual(said("import no_such_package"), "No module named 'no_such_package'")
        self.assertEqual(said("import utils.no_such_module"), "No module named 'utils.no_such_module'")
