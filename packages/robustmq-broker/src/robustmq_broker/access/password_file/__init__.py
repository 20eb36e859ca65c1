"""[P] Users in a file, such as that of mosquitto_passwd."""
