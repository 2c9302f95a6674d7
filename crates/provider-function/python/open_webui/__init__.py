"""The few names of Open WebUI that functions commonly import, answered by this server.

Whatever is not here fails at its import, with a message that says what is: see `transom_imports`.
"""

from open_webui.env import VERSION as __version__
