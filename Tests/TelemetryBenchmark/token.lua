-- A client of many addresses, each within its rate limit, asks for tokens.
wrk.method = "POST"
wrk.body = "grant_type=client_credentials&scope=orders.read"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic d2ViOndlYi1zZWNyZXQtd2ViLXNlY3JldC13ZWItc2VjcmV0LTE="
local number = 0
request = function()
    number = (number + 1) % 16384
    wrk.headers["X-Forwarded-For"] = "10.9." .. math.floor(number / 128) .. "." .. (number % 128)
    return wrk.format()
end
